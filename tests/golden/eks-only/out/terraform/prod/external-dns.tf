# The right to write records in acme.io, for the ServiceAccount external-dns.
data "aws_route53_zone" "external_dns" {
  name = "acme.io"
}

module "external_dns" {
  source  = "terraform-aws-modules/eks-pod-identity/aws"
  version = "2.8.1"

  name            = "acme-platform-prod-external-dns"
  use_name_prefix = false

  attach_external_dns_policy    = true
  external_dns_policy_name      = "acme-platform-prod-external-dns"
  external_dns_hosted_zone_arns = [data.aws_route53_zone.external_dns.arn]
  associations = {
    this = {
      cluster_name    = module.eks.cluster_name
      namespace       = "external-dns"
      service_account = "external-dns"
    }
  }
}
