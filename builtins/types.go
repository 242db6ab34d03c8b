package builtins

import (
	"sync"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube/schema"
)

// partTypes are the types that short forms make inside objects.
type partTypes struct {
	envVar, envVarSource, containerPort, probe, grpcAction, volume, volumeMount, claim, servicePort *schema.Object
}

var types = sync.OnceValue(func() *partTypes {
	return &partTypes{
		envVar:        typed.Lookup("core.v1.EnvVar"),
		envVarSource:  typed.Lookup("core.v1.EnvVarSource"),
		containerPort: typed.Lookup("core.v1.ContainerPort"),
		probe:         typed.Lookup("core.v1.Probe"),
		grpcAction:    typed.Lookup("core.v1.GRPCAction"),
		volume:        typed.Lookup("core.v1.Volume"),
		volumeMount:   typed.Lookup("core.v1.VolumeMount"),
		claim:         typed.Lookup("core.v1.PersistentVolumeClaim"),
		servicePort:   typed.Lookup("core.v1.ServicePort"),
	}
})
