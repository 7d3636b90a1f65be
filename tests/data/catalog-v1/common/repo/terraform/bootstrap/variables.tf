variable "cluster" {
  description = "Folder name under clusters/."
  type        = string
  nullable    = false
}

variable "revision" {
  description = "Raise it by one to run the bootstrap again with the files as they are now."
  type        = number
  nullable    = false
}

variable "host_network" {
  description = "Run the Job on the node's network, because pods have none before the CNI is installed."
  type        = bool
  default     = false
  nullable    = false
}

variable "job_env" {
  description = "Environment of the Job: how it reaches the API server where nothing serves the kubernetes Service yet."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "sops_age_key" {
  description = "Private age key with which Flux decrypts the secrets in Git; empty where there are none."
  type        = string
  sensitive   = true
  default     = ""
  nullable    = false
}

variable "secrets_yaml" {
  description = "Secrets for the namespace flux-system, such as the Git credentials."
  type        = string
  sensitive   = true
  default     = ""
  nullable    = false
}
