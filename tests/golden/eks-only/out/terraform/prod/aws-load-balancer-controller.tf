# The right to manage load balancers, for the ServiceAccount aws-load-balancer-controller.
module "aws_load_balancer_controller" {
  source  = "terraform-aws-modules/eks-pod-identity/aws"
  version = "2.8.1"

  name            = "acme-platform-prod-aws-lb-controller"
  use_name_prefix = false

  attach_aws_lb_controller_policy = true
  aws_lb_controller_policy_name   = "acme-platform-prod-aws-lb-controller"
  associations = {
    this = {
      cluster_name    = module.eks.cluster_name
      namespace       = "kube-system"
      service_account = "aws-load-balancer-controller"
    }
  }
}
