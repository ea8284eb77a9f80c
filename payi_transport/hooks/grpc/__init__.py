"""gRPC: https://grpc.github.io/grpc/python"""
