output "remote_url" {
  description = "For DVC: dvc remote modify default url URL"
  value       = "s3://${aws_s3_bucket.data.bucket}/${var.product}"
}

output "registry" {
  description = "For golden-path.yaml: deploy.registry"
  value       = split("/", aws_ecr_repository.image.repository_url)[0]
}

output "roles" {
  description = "The roles of CI, by what they may do"
  value       = { for name, role in aws_iam_role.ci : name => role.arn }
}
