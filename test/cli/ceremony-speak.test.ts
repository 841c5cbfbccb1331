// One's Statement of a sitting, signed where one's credential is.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKey } from '../../cli/approver-key.ts'
import { openProfile } from '../../cli/profile.ts'
import { run } from '../../cli/run.ts'
import { statementMessage, statementText } from '../../policy/ceremony/statement.ts'
import { ed25519Verify, fromHex } from '../../proto/crypto.ts'
import { parseHandle, parsePersonId } from '../../proto/ids.ts'
import { makeCluster, type Place, testWorld } from '../kit/cluster.ts'
import { someDigest } from '../kit/planned.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-speak-'))
let place: Place
afterAll(() => {
  rmSync(home, { recursive: true })
  place.remove()
})
beforeAll(async () => {
  place = await makeCluster()
}, 60_000)

describe('ceremony speak', () => {
  it('signs a Statement by the own credential, and nothing of others or that is none', async () => {
    const profile = join(place.directory, 'people/ana')
    const document = statementText({
      ...{ org: parseHandle('acme-dev'), env: 'dev', plan: someDigest('plan'), exceptions: 0 },
      ...{ bundle: someDigest('bundle'), record: { root: someDigest('root'), size: 3 } },
      ...{ from: 1_000, until: 2_000, verdict: 'agree', because: '' },
      actor: { role: 'administrator', person: parsePersonId('ana') },
    })
    writeFileSync(join(home, 'mine.json'), document)
    writeFileSync(join(home, 'other.json'), document.replace('custody-statement', 'custody-plan'))
    const speak = (file: string, as = profile) =>
      run(['ceremony', 'speak', join(home, file), '--as', as, '--json'], testWorld())
    const { exit, stdout } = await speak('mine.json')
    expect(exit).toBe(0)
    const { credential, signature } = JSON.parse(stdout)
    const args = { words: [], flags: { as: profile } }
    const key = await openKey(openProfile(args, testWorld()), args, testWorld())
    expect(credential).toBe(key.credential)
    const written = fromHex(signature)!
    expect(ed25519Verify(key.publicKey, statementMessage(document), written)).toBe(true)
    expect((await speak('other.json')).exit).toBe(2)
    const of = await speak('mine.json', join(place.directory, 'people/bo'))
    expect(of.stdout).toContain('bo: this is the Statement of ana')
    expect(of.exit).toBe(2)
  })
})
