variable "sops_age_key" {
  description = "Private age key with which Flux decrypts the secrets in Git."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = startswith(trimspace(var.sops_age_key), "AGE-SECRET-KEY-1")
    error_message = "This is no private age key: set TF_VAR_sops_age_key to the line that begins with AGE-SECRET-KEY-1."
  }
}
