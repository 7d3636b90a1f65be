variable "git_token" {
  description = "Token with which Flux reads the repository. It needs read access to the contents, nothing more."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = trimspace(var.git_token) != ""
    error_message = "The token is empty: set TF_VAR_git_token."
  }
}
