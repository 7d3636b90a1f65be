provider "aws" {
  region = "eu-central-1"

  allowed_account_ids = ["123456789012"]
}

locals {
  api_ca = base64decode(module.eks.cluster_certificate_authority_data)
  api_token = {
    api_version = "client.authentication.k8s.io/v1"
    command     = "aws"
    args        = ["eks", "get-token", "--region", "eu-central-1", "--cluster-name", module.eks.cluster_name]
  }
}

provider "helm" {
  kubernetes = {
    host                   = module.eks.cluster_endpoint
    cluster_ca_certificate = local.api_ca
    exec                   = local.api_token
  }
}

provider "kubernetes" {
  host                   = module.eks.cluster_endpoint
  cluster_ca_certificate = local.api_ca

  exec {
    api_version = local.api_token.api_version
    command     = local.api_token.command
    args        = local.api_token.args
  }
}
