# The right to write records in acme.io, for the ServiceAccount cert-manager.
data "aws_route53_zone" "cert_manager" {
  name = "acme.io"
}

module "cert_manager" {
  source  = "terraform-aws-modules/eks-pod-identity/aws"
  version = "2.8.1"

  name            = "acme-platform-prod-cert-manager"
  use_name_prefix = false

  attach_cert_manager_policy    = true
  cert_manager_policy_name      = "acme-platform-prod-cert-manager"
  cert_manager_hosted_zone_arns = [data.aws_route53_zone.cert_manager.arn]
  associations = {
    this = {
      cluster_name    = module.eks.cluster_name
      namespace       = "cert-manager"
      service_account = "cert-manager"
    }
  }
}
