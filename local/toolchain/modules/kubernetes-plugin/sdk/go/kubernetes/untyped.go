// Package kubernetes declares the names of Pulumi's Go SDK for Kubernetes that the plugin itself uses.
package kubernetes

import "reflect"

// UntypedArgs is an object of any kind, as an input.
type UntypedArgs map[string]interface{}

func (UntypedArgs) ElementType() reflect.Type {
	return reflect.TypeOf((*map[string]interface{})(nil)).Elem()
}
