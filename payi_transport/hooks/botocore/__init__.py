"""botocore, which boto3 sends through."""
