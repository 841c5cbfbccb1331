import { describe, expect, it } from 'vitest'
import { callerAt, credentialAt, interested, parseRoster } from '../../policy/roster.ts'
import { parsePersonId } from '../../proto/ids.ts'
import { refusedWith } from '../kit/refused.ts'
import {
  changed,
  digestFor,
  directoryText,
  expires,
  handleOf,
  type Loose,
  notBefore,
  publicKeyOf,
} from './dev-fixture.ts'

const roster = parseRoster(directoryText)

describe('the directory', () => {
  it('knows people and services by name, and credentials by id', () => {
    expect(roster.persons.get(parsePersonId('ana'))).toMatchObject({ kind: 'human', owner: '' })
    const credential = roster.credentials.get(handleOf('svc-payouts-1'))
    expect(credential).toMatchObject({ person: 'svc-payouts', scheme: 'ed25519' })
    expect(credential?.publicKey).toEqual(publicKeyOf('svc-payouts'))
  })

  it('gives a credential from its first instant until just before its last', () => {
    const id = handleOf('ana-1')
    expect(credentialAt(roster, id, notBefore - 1)).toBeUndefined()
    expect(credentialAt(roster, id, notBefore)?.person).toBe('ana')
    expect(credentialAt(roster, id, expires - 1)?.person).toBe('ana')
    expect(credentialAt(roster, id, expires)).toBeUndefined()
    expect(credentialAt(roster, handleOf('ana-2'), notBefore)).toBeUndefined()
  })

  it('finds who calls by the TLS key', () => {
    expect(callerAt(roster, digestFor('tls/bo'), notBefore)?.person).toBe('bo')
    expect(callerAt(roster, digestFor('tls/bo'), expires)).toBeUndefined()
    expect(callerAt(roster, digestFor('tls/nobody'), notBefore)).toBeUndefined()
  })

  it('counts the owner of a service among those who asked', () => {
    expect(interested(roster, parsePersonId('svc-payouts'))).toEqual(
      new Set(['svc-payouts', 'lev']),
    )
    expect(interested(roster, parsePersonId('ana'))).toEqual(new Set(['ana']))
  })

  const ana = (json: Loose): Loose => json.persons.find((one: Loose) => one.handle === 'ana')
  const service = (json: Loose): Loose => json.persons.at(-1)
  const bo = (json: Loose): Loose => json.persons.find((one: Loose) => one.handle === 'bo')

  it.each<[string, string, (json: Loose) => void]>([
    ['another format', 'MALFORMED', (json) => (json.format = 'custody-directory/v2')],
    ['an unknown key', 'MALFORMED', (json) => (ana(json).email = 'ana@example.org')],
    ['a missing key', 'MALFORMED', (json) => delete ana(json).credentials[0].factor],
    ['a person without credentials', 'MALFORMED', (json) => (ana(json).credentials = [])],
    ['a person who stands twice', 'MALFORMED', (json) => json.persons.push(ana(json))],
    ['a credential id used twice', 'MALFORMED', (json) => (bo(json).credentials[0].id = 'ana-1')],
    [
      'one public key for two people',
      'MALFORMED',
      (json) => (bo(json).credentials[0].publicKey = ana(json).credentials[0].publicKey),
    ],
    [
      'one TLS key for two people',
      'MALFORMED',
      (json) => (bo(json).credentials[0].transport = ana(json).credentials[0].transport),
    ],
    ['a service without an owner', 'MALFORMED', (json) => delete service(json).owner],
    ['a human with an owner', 'MALFORMED', (json) => (ana(json).owner = 'bo')],
    ['an owner who is unknown', 'MALFORMED', (json) => (service(json).owner = 'zoe')],
    ['an owner who is a service', 'MALFORMED', (json) => (service(json).owner = 'svc-payouts')],
    ['a key of another length', 'MALFORMED', (json) => (ana(json).credentials[0].publicKey = 'ab')],
    [
      'an empty validity',
      'MALFORMED',
      (json) => (ana(json).credentials[0].to = '2026-12-01T00:00:00Z'),
    ],
    ['SSH keys, not yet', 'NOT_SUPPORTED', (json) => (ana(json).credentials[0].scheme = 'sshsig')],
    [
      'WebAuthn, not yet',
      'NOT_SUPPORTED',
      (json) => (ana(json).credentials[0].scheme = 'webauthn'),
    ],
  ])('refuses %s', (_, code, change) => {
    expect(refusedWith(() => parseRoster(changed(directoryText, change)))).toBe(code)
  })

  it('refuses text that is not canonical, or not well formed', () => {
    expect(refusedWith(() => parseRoster(`${directoryText} `))).toBe('MALFORMED')
    expect(refusedWith(() => parseRoster('"\ud800"'))).toBe('MALFORMED')
  })
})
