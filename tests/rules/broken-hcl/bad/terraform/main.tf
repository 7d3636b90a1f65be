locals {
  names = ["a", "b"
}
