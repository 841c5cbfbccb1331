// A node's statement that its backup of a keyshare was opened in a test. The line of the log holds
// every field of it, so whoever has the line and the root can check the signature without asking
// anybody for a document.
import { type BackupTested, testedDocument } from '../../proto/backup-documents.ts'
import { ed25519Verify, tagged } from '../../proto/crypto.ts'
import { tags } from '../../proto/tags.ts'
import type { Root } from '../documents.ts'

/** The body of `key.backup-tested`. */
export interface Tested extends Omit<BackupTested, 'format' | 'org' | 'env'> {
  /** By the node's identity key. */
  readonly signature: Uint8Array
}

export function testedMessage({ org, env }: Pick<Root, 'org' | 'env'>, body: Tested): Uint8Array {
  return tagged(tags.backupTested, testedDocument({ ...body, org, env }))
}

export function testedBy(root: Root, body: Tested): boolean {
  const named = root.nodes.find(({ node }) => node === body.node)
  return (
    named !== undefined && ed25519Verify(named.identity, testedMessage(root, body), body.signature)
  )
}
