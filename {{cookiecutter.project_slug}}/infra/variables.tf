variable "product" {
  description = "Name of the product and of its image repository."
  type        = string
  default     = "{{ cookiecutter.project_slug }}"
}

variable "repository" {
  description = "The git repository whose workflows may act here, as OWNER/NAME on GitHub."
  type        = string
  default     = "{{ cookiecutter.owner.lstrip('@').split('/')[0] }}/{{ cookiecutter.project_slug }}"

  validation {
    condition     = can(regex("^[\\w.-]+/[\\w.-]+$", var.repository))
    error_message = "Want OWNER/NAME, without a star: a star would let other repositories in."
  }
}

variable "bucket" {
  description = "Name of the bucket for data and models, as in .dvc/config. Names of buckets are unique in the world."
  type        = string
}

variable "region" {
  description = "Where everything lies."
  type        = string
}

variable "kept_days" {
  description = "How long an overwritten or deleted object can still be brought back."
  type        = number
  default     = 90
}
