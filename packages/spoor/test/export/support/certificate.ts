/**
 * A self-signed certificate for 127.0.0.1 and its key, valid for a century. For tests alone: everybody knows the key.
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \\
 *       -subj /CN=collector -addext subjectAltName=IP:127.0.0.1
 */
export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyU3FEO+z4gy40lZf
aZBueCgN1t/kfme/lPKdTr516dGhRANCAAQP9fRD7hQXyzcAoWkbYIN83/akBs0C
sZY2YGMpJdHubDah3lai1e/+KE/o5ikcCHcOO/oa1Qim+qxHuxWWMINW
-----END PRIVATE KEY-----
`

export const cert = `-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUEGrscVNHjFpZlthW617r9RzhytEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJY29sbGVjdG9yMCAXDTI2MTEyMDEyMDA0M1oYDzIxMjYxMDI3
MTIwMDQzWjAUMRIwEAYDVQQDDAljb2xsZWN0b3IwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQP9fRD7hQXyzcAoWkbYIN83/akBs0CsZY2YGMpJdHubDah3lai1e/+
KE/o5ikcCHcOO/oa1Qim+qxHuxWWMINWo2QwYjAdBgNVHQ4EFgQUrS4BOqRTTvP+
vXakirBxG4YnF1MwHwYDVR0jBBgwFoAUrS4BOqRTTvP+vXakirBxG4YnF1MwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
IQCEUl9RPtOBF27ObqTl0rB0zNWkgRLVK/uKkwTiLb+kTwIgF8OaWJpcC9L4JD5m
uNKfIblekLM3hgJ7BHj2sBqbVrM=
-----END CERTIFICATE-----
`
