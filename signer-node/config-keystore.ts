// How a node's files are sealed, as its configuration says it: by a passphrase, or to tokens. The
// cards of the tokens are pinned by digest, and so is the file of the module; the PIN is in neither
// and comes from a file of its own, from an operator, or from two. Opens no file.
// Source: README D14.
import { pathFrom } from '../proto/config.ts'
import { digest, list, literal, object, type Reader, type Shaped, text } from '../proto/shape.ts'

/** Stanzas of one file. */
const tokensMax = 4

const passphrase = object({ stanza: literal('passphrase') })

function tokenIn(directory: string) {
  const path = pathFrom(directory)
  return object({
    stanza: literal('token'),
    module: object({
      /** A PKCS#11 module, or `software:DIRECTORY` outside production. */
      file: (value, at) => software(value, at, path),
      digest,
      /** Library parameters; empty for nearly all modules. */
      parameters: text(1_024),
    }),
    /** Files are sealed to all of them; each alone opens. */
    tokens: list(object({ file: path, digest }), 1, tokensMax),
    /** Where the PIN comes from. */
    pin: literal('credential', 'attended', 'two-person'),
  })
}

export type TokenKeystore = Shaped<ReturnType<typeof tokenIn>>
export type KeystoreConfig = Shaped<typeof passphrase> | TokenKeystore

export function keystoreIn(directory: string): Reader<KeystoreConfig> {
  const token = tokenIn(directory)
  return (value, at) => {
    const named = typeof value === 'object' && 'stanza' in value ? value['stanza'] : undefined
    return named === 'token' ? token(value, at) : passphrase(value, at)
  }
}

const prefix = 'software:'

function software(value: Parameters<Reader<string>>[0], at: string, path: Reader<string>): string {
  if (typeof value !== 'string' || !value.startsWith(prefix)) return path(value, at)
  return `${prefix}${path(value.slice(prefix.length), at)}`
}
