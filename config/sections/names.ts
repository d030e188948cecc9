/** DNS label of Kubernetes that starts with a letter. */
export const label = {
  pattern: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
  rule: "must be a DNS label: lower-case letters, digits and dashes, at most 63, a letter first",
};

/** Name of a Kubernetes object. */
export const objectName = {
  pattern: /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  rule: "must be a DNS name: lower-case letters, digits, dashes and dots, at most 253",
};

/** Name of a container image, with an optional tag and digest. */
export const imageName = {
  pattern: /^[a-z0-9][-a-z0-9._]*(:\d+)?(\/[a-z0-9][-a-z0-9._]*)*(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?$/,
  rule: 'must be an image name like "registry.example.org/node:24"',
};

/** Any text but the empty one. */
export const notEmpty = { pattern: /\S/, rule: "must not be empty" };
