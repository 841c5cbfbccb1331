// Larger changes to a scene than one field: another directory in force, and people who approve with
// keys and credentials of the test's choice. Everything is signed and recorded again.
import { digestOfText } from '../../policy/document.ts'
import { digestOf, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parsePersonId } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { testKey } from '../kit/examples.ts'
import { scene } from '../kit/scene.ts'
import type { Change } from '../kit/scene-changes.ts'
import { directoryText, supported } from '../kit/scene-world.ts'

/** This directory is in force, and lines and approvals name it. */
export function underDirectory(text: string, base: Change = {}): Change {
  const directory = digestOfText(tags.directory, text)
  return {
    ...base,
    approval: { ...base.approval, directory },
    after: (view) => ({
      ...view,
      ruleset: { ...view.ruleset, directory },
      reservation: { ...view.reservation!, directory },
      documents: new Map([...view.documents, [directory, text]]),
    }),
  }
}

/** The directory in which a credential ends at another instant. */
export function endingAt(credential: string, end: string): string {
  const written = new RegExp(`("id":"${credential}".*?"to":")[^"]+`)
  return directoryText.replace(written, `$1${end}`)
}

/** The policy with other members of a role. */
export function withMembers(role: string, members: readonly string[]): Change {
  const roles = supported['roles'] as JsonObject
  return { policy: { ...supported, roles: { ...roles, [role]: { kind: 'human', members } } } }
}

export interface Voice {
  readonly person: string
  readonly role: string
  readonly credential?: string
  readonly key?: string
}

/** Approved by these and nobody else, each recorded in a line of its own. */
export function approvedBy(voices: readonly Voice[], base: Change = {}): Change {
  const the = scene(base)
  const template = parse(toUtf8(the.warrantValue.approvals[0]!.document)) as JsonObject
  const line = the.own.view.decisions[0]!
  const made = voices.map(({ person, role, credential = `${person}-1`, key = person }, index) => {
    const nonce = toHex(sha256(toUtf8(`nonce/${credential}/${index}`)).slice(0, 16))
    const bytes = encode({ ...template, as: role, person, credential, nonce })
    const signed = sign(tags.approval, bytes, parseHandle(credential), testKey(key).sign)
    const approval = digestOf(tags.approval, bytes)
    const row = { ...line, seq: line.seq + index, person: parsePersonId(person), approval }
    return { signed, row }
  })
  return {
    ...base,
    warrant: { ...base.warrant, approvals: made.map(({ signed }) => signed) },
    after: (view) => {
      return { ...(base.after?.(view) ?? view), decisions: made.map(({ row }) => row) }
    },
  }
}
