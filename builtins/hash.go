package builtins

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"

	"go.starlark.net/starlark"
)

// hash -> module
//
// hash makes digests of data as lower-case hexadecimal text: hash.sha256, hash.sha512, hash.sha1, hash.md5. The last two
// are for names and labels that others made so, never for security.
func hashModule() starlark.Value {
	return module("hash", starlark.StringDict{
		"sha256": digest("hash.sha256", sha256Hex),
		"sha512": digest("hash.sha512", sha512Hex),
		"sha1":   digest("hash.sha1", sha1Hex),
		"md5":    digest("hash.md5", md5Hex),
	})
}

func digest(name string, sum func(string) string) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var data starlark.Value
		if err := starlark.UnpackArgs(b.Name(), args, kwargs, "data", &data); err != nil {
			return nil, err
		}
		s, err := dataOf(b, data)
		if err != nil {
			return nil, err
		}
		return starlark.String(sum(s)), nil
	})
}

// hash.sha256(data) -> string
//
// hash.sha256 is the SHA-256 digest of data (FIPS 180-4), in 64 hexadecimal digits.
//
// Args:
//
//	data: a string, of which the UTF-8 is taken, or bytes.
func sha256Hex(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}

// hash.sha512(data) -> string
//
// hash.sha512 is the SHA-512 digest of data (FIPS 180-4), in 128 hexadecimal digits.
//
// Args:
//
//	data: a string, of which the UTF-8 is taken, or bytes.
func sha512Hex(data string) string {
	sum := sha512.Sum512([]byte(data))
	return hex.EncodeToString(sum[:])
}

// hash.sha1(data) -> string
//
// hash.sha1 is the SHA-1 digest of data (FIPS 180-4), in 40 hexadecimal digits.
//
// Args:
//
//	data: a string, of which the UTF-8 is taken, or bytes.
func sha1Hex(data string) string {
	sum := sha1.Sum([]byte(data))
	return hex.EncodeToString(sum[:])
}

// hash.md5(data) -> string
//
// hash.md5 is the MD5 digest of data (RFC 1321), in 32 hexadecimal digits.
//
// Args:
//
//	data: a string, of which the UTF-8 is taken, or bytes.
func md5Hex(data string) string {
	sum := md5.Sum([]byte(data))
	return hex.EncodeToString(sum[:])
}
