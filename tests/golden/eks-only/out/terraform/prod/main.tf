module "eks" {
  source  = "terraform-aws-modules/eks/aws"
  version = "21.19.0"

  name               = "acme-platform-prod"
  kubernetes_version = "1.36"

  vpc_id     = "vpc-0123456789abcdef0"
  subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]

  # Open to the internet, behind IAM; endpoint_public_access_cidrs narrows it.
  endpoint_public_access = true

  # Whoever applies first becomes an admin; access_entries makes others.
  enable_cluster_creator_admin_permissions = true

  # Versions belong to the version of Kubernetes above. This lists those there are:
  # aws eks describe-addon-versions --kubernetes-version 1.36 --addon-name coredns
  #
  # A node is ready only with a pod network, and the bootstrap needs kube-proxy
  # on the first node: what has before_compute must not wait for the nodes.
  addons = {
    eks-pod-identity-agent = {
      addon_version  = "v1.3.10-eksbuild.3"
      before_compute = true
    }
    kube-proxy = {
      addon_version  = "v1.36.0-eksbuild.21"
      before_compute = true
    }
    coredns = {
      addon_version = "v1.14.3-eksbuild.16"
    }
  }

  eks_managed_node_groups = {
    default = {
      ami_type       = "AL2023_ARM_64_STANDARD"
      instance_types = ["m7g.large"]

      min_size     = 3
      max_size     = 9
      desired_size = 3 # only at first; later changes of it are ignored

      block_device_mappings = {
        root = {
          device_name = "/dev/xvda"
          ebs = {
            volume_type = "gp3"
            volume_size = 50
            encrypted   = true
          }
        }
      }

      # Cilium has rights of its own.
      iam_role_attach_cni_policy = false

      # No pod starts on a node before Cilium, which takes the taint away.
      taints = {
        cilium = {
          key    = "node.cilium.io/agent-not-ready"
          value  = "true"
          effect = "NO_EXECUTE"
        }
      }
    }
  }

  # Pods have addresses of the VPC, so these rules are theirs too. The module
  # opens no ports below 1025 between nodes, and few for admission webhooks.
  node_security_group_additional_rules = {
    nodes = {
      description = "Between nodes, and between their pods"
      protocol    = "-1"
      from_port   = 0
      to_port     = 0
      self        = true
    }
    webhooks = {
      description                   = "From the API server to admission webhooks"
      protocol                      = "tcp"
      from_port                     = 1025
      to_port                       = 65535
      source_cluster_security_group = true
    }
  }

  # Karpenter finds the nodes' security group by it.
  node_security_group_tags = { "karpenter.sh/discovery" = "acme-platform-prod" }
}

# Installs Flux and the infrastructure components once; from then on they
# belong to Flux. Raise revision by one to run it again with the files as they
# are, as when its Job failed.
module "bootstrap" {
  source = "../bootstrap"

  cluster  = "prod"
  revision = 1

  host_network = true

  # The Job starts with the first node, where nothing may serve the kubernetes
  # Service and DNS yet.
  job_env = {
    KUBERNETES_SERVICE_HOST = trimprefix(module.eks.cluster_endpoint, "https://")
    KUBERNETES_SERVICE_PORT = "443"
  }

  # The name of Flux's pullSecret in flux-instance.yaml. Some servers want the
  # name of the token's owner as username, such as a GitLab deploy token's.
  secrets_yaml = yamlencode({
    apiVersion = "v1"
    kind       = "Secret"
    metadata   = { name = "flux-system" }
    stringData = {
      username = "git"
      password = trimspace(var.git_token)
    }
  })

  # A pod that starts before its cloud identity exists gets no credentials.
  depends_on = [
    module.aws_ebs_csi_driver,
    module.aws_load_balancer_controller,
    module.cert_manager,
    module.cilium,
    module.external_dns,
    module.external_secrets,
    module.karpenter,
  ]
}
