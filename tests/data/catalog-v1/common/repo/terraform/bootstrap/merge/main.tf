# Two Helm values files into one, by Helm's rule: maps merge, and everything else
# of the later file takes the place of the earlier, lists and null too. Terraform
# knows no recursion, so each level stands here; keys() fails on what is no map,
# and try() then takes the later file's value or else the earlier one's. Below
# eight levels the later file's map replaces the earlier one's whole.

variable "base" {
  description = "Values that every cluster has, as YAML."
  type        = string
  nullable    = false
}

variable "over" {
  description = "Values of one cluster, as YAML."
  type        = string
  nullable    = false
}

locals {
  a = yamldecode(var.base)
  b = yamldecode(var.over)
}

output "merged" {
  value = try(
    { for k1 in setunion(keys(local.a), keys(local.b)) : k1 => try(
      { for k2 in setunion(keys(local.a[k1]), keys(local.b[k1])) : k2 => try(
        { for k3 in setunion(keys(local.a[k1][k2]), keys(local.b[k1][k2])) : k3 => try(
          { for k4 in setunion(keys(local.a[k1][k2][k3]), keys(local.b[k1][k2][k3])) : k4 => try(
            { for k5 in setunion(keys(local.a[k1][k2][k3][k4]), keys(local.b[k1][k2][k3][k4])) : k5 => try(
              { for k6 in setunion(keys(local.a[k1][k2][k3][k4][k5]), keys(local.b[k1][k2][k3][k4][k5])) : k6 => try(
                { for k7 in setunion(keys(local.a[k1][k2][k3][k4][k5][k6]), keys(local.b[k1][k2][k3][k4][k5][k6])) : k7 => try(
                  { for k8 in setunion(keys(local.a[k1][k2][k3][k4][k5][k6][k7]), keys(local.b[k1][k2][k3][k4][k5][k6][k7])) : k8 => try(
                  local.b[k1][k2][k3][k4][k5][k6][k7][k8], local.a[k1][k2][k3][k4][k5][k6][k7][k8]) },
                local.b[k1][k2][k3][k4][k5][k6][k7], local.a[k1][k2][k3][k4][k5][k6][k7]) },
              local.b[k1][k2][k3][k4][k5][k6], local.a[k1][k2][k3][k4][k5][k6]) },
            local.b[k1][k2][k3][k4][k5], local.a[k1][k2][k3][k4][k5]) },
          local.b[k1][k2][k3][k4], local.a[k1][k2][k3][k4]) },
        local.b[k1][k2][k3], local.a[k1][k2][k3]) },
      local.b[k1][k2], local.a[k1][k2]) },
    local.b[k1], local.a[k1]) },
  local.b, local.a)
}
