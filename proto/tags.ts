// Registry of domain-separation tags for documents (protocol tags `mpc1/...` live in dkls23).
// A document's digest is SHA-256(tag || 0x0A || canonical bytes). A tag is never used for a second
// kind of object; tags contain no newline. Uniqueness is tested.

export const tags = {
  intent: 'custody/v1/intent',
  approval: 'custody/v1/approval',
  rejection: 'custody/v1/rejection',
  policy: 'custody/v1/policy',
  directory: 'custody/v1/directory',
  dest: 'custody/v1/dest',
  book: 'custody/v1/book',
  list: 'custody/v1/list',
  ruleset: 'custody/v1/ruleset',
  root: 'custody/v1/root',
  warrant: 'custody/v1/warrant',
  order: 'custody/v1/order',
  acceptance: 'custody/v1/acceptance',
  refusal: 'custody/v1/refusal',
  shareReceipt: 'custody/v1/share-receipt',
  hello: 'custody/v1/hello',
  message: 'custody/v1/message',
  envelope: 'custody/v1/envelope',
  floor: 'custody/v1/floor',
  genesis: 'custody/v1/genesis',
  freeze: 'custody/v1/freeze',
  keygen: 'custody/v1/keygen',
  confirm: 'custody/v1/confirm',
  trace: 'custody/v1/trace',
  facts: 'custody/v1/facts',
  pii: 'custody/v1/pii',
  plan: 'custody/v1/plan',
  record: 'custody/v1/record',
  statement: 'custody/v1/statement',
  recoveryKey: 'custody/v1/recovery-key',
  backupProof: 'custody/v1/backup-proof',
  backupTested: 'custody/v1/backup-tested',
  sealWrap: 'custody/v1/seal-wrap',
  entropy: 'custody/v1/entropy',
} as const

export type Tag = (typeof tags)[keyof typeof tags]
