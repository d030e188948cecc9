// An API that is not Node at all: it says what time it is.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { write(w, map[string]bool{"alive": true}) })
	routes.HandleFunc("GET /time", func(w http.ResponseWriter, _ *http.Request) { write(w, map[string]string{"time": time.Now().UTC().Format(time.RFC3339)}) })
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan struct{})
	go func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		<-signals
		_ = server.Shutdown(context.Background())
		close(stopped)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		panic(err)
	}
	<-stopped
}

func write(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
