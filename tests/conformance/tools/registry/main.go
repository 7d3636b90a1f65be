// An OCI registry on loopback, in memory, gone when it ends.
//
//	registry 127.0.0.1:0 TOKEN    serves the repositories below TOKEN/, and
//	                              no others; the first line says the address
//	registry --version            says the version of go-containerregistry
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(version())
		return
	}
	if len(os.Args) != 3 {
		log.Fatal("usage: registry ADDRESS TOKEN | --version")
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
	log.Fatal(http.Serve(listener, below(os.Args[2], registry.New(quiet))))
}

// below lets through what is asked of repositories below a token, and the
// question whether this is a registry. What others write here nobody reads.
func below(token string, inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" && !strings.HasPrefix(r.URL.Path, "/v2/"+token+"/") {
			http.NotFound(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
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
