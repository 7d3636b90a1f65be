// The etcd server of the conformance suite: its own command, without the parts
// that only a release has.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
