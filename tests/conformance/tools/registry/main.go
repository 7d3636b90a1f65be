// An OCI registry on loopback, in memory, gone when it ends.
//
//	registry 127.0.0.1:0    serves; the first line says the address it got
//	registry --version      says the version of go-containerregistry
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: registry ADDRESS | --version")
	}
	if os.Args[1] == "--version" {
		fmt.Println(version())
		return
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if !listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		log.Fatalf("%s is not on loopback", listener.Addr())
	}
	fmt.Println(listener.Addr())
	quiet := registry.Logger(log.New(io.Discard, "", 0))
	log.Fatal(http.Serve(listener, registry.New(quiet)))
}

// version is that of the module that does the work.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/google/go-containerregistry" {
			return dep.Version
		}
	}
	return "unknown"
}
