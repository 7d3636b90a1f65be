# The right to manage volumes, for the ServiceAccount ebs-csi-controller-sa.
data "aws_partition" "aws_ebs_csi_driver" {}

module "aws_ebs_csi_driver" {
  source  = "terraform-aws-modules/eks-pod-identity/aws"
  version = "2.8.1"

  name            = "acme-platform-prod-aws-ebs-csi-driver"
  use_name_prefix = false

  additional_policy_arns = {
    ebs = "arn:${data.aws_partition.aws_ebs_csi_driver.partition}:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"
  }
  associations = {
    this = {
      cluster_name    = module.eks.cluster_name
      namespace       = "kube-system"
      service_account = "ebs-csi-controller-sa"
    }
  }
}
