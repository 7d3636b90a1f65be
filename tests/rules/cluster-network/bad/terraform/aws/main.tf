module "eks" {
  source  = "terraform-aws-modules/eks/aws"
  version = "~> 21.0"
  name    = "aws"
  addons = {
    coredns = {}
    vpc-cni = { before_compute = true }
  }
}
