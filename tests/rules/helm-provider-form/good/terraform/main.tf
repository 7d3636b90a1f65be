terraform {
  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.1"
    }
  }
}

provider "helm" {
  kubernetes = {
    host = "https://10.0.0.1"

    exec = {
      api_version = "client.authentication.k8s.io/v1"
      command     = "aws"
    }
  }
}

resource "helm_release" "other" {
  name  = "other"
  chart = "oci://registry.example.com/charts/other"

  set = [{ name = "a", value = "b" }]
}
