variable "git_ssh_key" {
  description = "Private key, without a passphrase, of a deploy key that may read the repository."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = strcontains(var.git_ssh_key, "PRIVATE KEY-----")
    error_message = "This is no private key in PEM or OpenSSH form: set TF_VAR_git_ssh_key to the content of the key file."
  }
}

variable "git_known_hosts" {
  description = "Public host keys of the Git server, as ssh-keyscan prints them. Compare them with those that the server's owner publishes."
  type        = string
  nullable    = false

  validation {
    condition     = trimspace(var.git_known_hosts) != ""
    error_message = "The host keys are empty: set TF_VAR_git_known_hosts."
  }
}
