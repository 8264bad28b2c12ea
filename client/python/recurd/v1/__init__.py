"""The API's messages and stub, generated from proto/recurd/v1/recurd.proto when the package is built."""
