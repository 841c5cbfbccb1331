// Roots of a cold log after the first one: each changes what a test asks for, in the root itself or
// in a document that its genesis names, is signed by both governance keys and submitted.
import { submitRoot } from '../../coordinator/successions.ts'
import { digestOfText } from '../../policy/document.ts'
import { parseRoot } from '../../policy/documents.ts'
import { rootMessage, rootSignaturesText } from '../../policy/succession.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import { changed, type Loose, publicKeyOf, seedOf } from '../policy/dev-fixture.ts'
import { bookText, type ColdHouse, directoryText, policyText, rootText } from './cold-house.ts'

type Kind = 'policy' | 'directory' | 'book'

/** On the document as it stands. */
export type Edit = (json: Loose) => void
/** What a root changes, in itself and in what it names. */
export type Change = Partial<Readonly<Record<Kind | 'root', Edit>>>

export class ColdRoots {
  readonly #house: ColdHouse
  #root = rootText
  #texts: Readonly<Record<Kind, string>> = {
    policy: policyText,
    directory: directoryText,
    book: bookText,
  }

  constructor(house: ColdHouse) {
    this.#house = house
  }

  /** Of the root in force, as plans name it. */
  get digest(): Digest {
    return parseRoot(this.#root).digest
  }

  async succeed(change: Change): Promise<void> {
    const texts = { ...this.#texts }
    for (const kind of ['policy', 'directory', 'book'] as const) {
      const edit = change[kind]
      if (edit !== undefined) texts[kind] = next(kind, texts[kind], edit)
    }
    const root = next('root', this.#root, (json) => {
      change.root?.(json)
      json.genesis.policy = digestOfText(tags.policy, texts.policy)
      json.genesis.directory = digestOfText(tags.directory, texts.directory)
      json.genesis.books.warm = digestOfText(tags.book, texts.book)
    })
    const documents = Object.values(texts)
    const sent = { root, signatures: signatures(root), documents }
    const answer = await this.#house.during(submitRoot(this.#house.coordinator, sent))
    if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.because}`)
    this.#root = root
    this.#texts = texts
  }
}

function next(kind: Kind | 'root', written: string, edit: Edit): string {
  return changed(written, (json) => {
    edit(json)
    json.version += 1
    json.previous = digestOfText(tags[kind], written)
  })
}

function signatures(root: string): string {
  const { org, env, digest } = parseRoot(root)
  return rootSignaturesText({
    ...{ org, env, root: digest },
    signatures: ['jun', 'kat'].map((name) => ({
      key: publicKeyOf(`root/${name}`),
      signature: ed25519Signer(seedOf(`root/${name}`))(rootMessage(root)),
    })),
  })
}
