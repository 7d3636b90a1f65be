variable "github_app_id" {
  description = "Id of the GitHub App through which Flux reads the repository."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+$", var.github_app_id))
    error_message = "The id is a number: set TF_VAR_github_app_id."
  }
}

variable "github_app_installation_id" {
  description = "Id of that App's installation in the account that owns the repository."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+$", var.github_app_installation_id))
    error_message = "The id is a number: set TF_VAR_github_app_installation_id."
  }
}

variable "github_app_private_key" {
  description = "Private key of that App. It needs read access to the contents, nothing more."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = strcontains(var.github_app_private_key, "PRIVATE KEY-----")
    error_message = "This is no private key in PEM form: set TF_VAR_github_app_private_key to the content of the key file."
  }
}
