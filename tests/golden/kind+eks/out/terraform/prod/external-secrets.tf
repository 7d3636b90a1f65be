# The right to read the secrets acme-platform-prod/*, for the ServiceAccount external-secrets.
data "aws_caller_identity" "external_secrets" {}

data "aws_partition" "external_secrets" {}

module "external_secrets" {
  source  = "terraform-aws-modules/eks-pod-identity/aws"
  version = "2.8.1"

  name            = "acme-platform-prod-external-secrets"
  use_name_prefix = false

  # The module's own policy for external-secrets would also decrypt with every key.
  attach_custom_policy = true
  policy_statements = [
    {
      sid = "Secrets"
      actions = [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:GetSecretValue",
        "secretsmanager:ListSecretVersionIds",
      ]
      resources = ["arn:${data.aws_partition.external_secrets.partition}:secretsmanager:eu-central-1:${data.aws_caller_identity.external_secrets.account_id}:secret:acme-platform-prod/*"]
    },
    {
      sid       = "SecretsWithKeysOfYourOwn"
      actions   = ["kms:Decrypt"]
      resources = ["*"]
      condition = [{
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["secretsmanager.eu-central-1.${data.aws_partition.external_secrets.dns_suffix}"]
      }]
    },
  ]
  associations = {
    this = {
      cluster_name    = module.eks.cluster_name
      namespace       = "external-secrets"
      service_account = "external-secrets"
    }
  }
}
