locals {
  names = ["a", "b"]
  text  = "${join(", ", ["}"])}" # {
}
