terraform {
  backend "s3" {
    bucket       = "acme-terraform-state"
    key          = "acme-platform/prod.tfstate"
    region       = "eu-central-1"
    use_lockfile = true
  }
}
