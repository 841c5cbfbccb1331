// The acts of a script that are about a Station's Seals and its Token: seal on both media, open
// again with the daily and with the spare Token, destroy what the log has left, and write down
// in the Token what it must never forget.
// INVARIANT: a Seal counts as tested only when this Token opened it and its share belongs to
// its public point; medium B is a copy of medium A that was read back.
// Source: the ceremony's design, 4.3, 4.4; `policy/ceremony/steps.ts`.
import { readSync } from '../../policy/audit/rows.ts'
import { below, get, tables } from '../../policy/audit/tables.ts'
import { screenFoot } from '../../policy/ceremony/foot.ts'
import { labelOf } from '../../policy/ceremony/plan.ts'
import { backupKinds } from '../../proto/backup-documents.ts'
import { toHex } from '../../proto/crypto.ts'
import { type Digest, parseDigest, parseVaultId, type VaultId } from '../../proto/ids.ts'
import { type JsonObject, parseText } from '../../proto/jcs.ts'
import { Refused, refuse } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import { floorAbout, nextFloor } from '../../proto/token-floor.ts'
import { requireMain } from './floor-checks.ts'
import { copySeals, destroySeals, nameInForce, openMedium, sharesOn } from './medium.ts'
import type { Heard, Played } from './performer.ts'
import { spareProof } from './spare-proof.ts'
import type { ActsNeeds } from './station-acts.ts'
import { type ProvedSeal, testShares } from './tokens.ts'
import type { Draft } from './turn-papers.ts'

export class StationSeals {
  readonly #needs: ActsNeeds

  constructor(needs: ActsNeeds) {
    this.#needs = needs
  }

  async seal({ turn }: Heard): Promise<Played> {
    const { media, own } = this.#needs
    const [a, b] = [openMedium(media.a), openMedium(media.b)]
    copySeals(a, b)
    const tokens = [own.tokens?.daily.serial ?? '', own.tokens?.spare.serial ?? '']
    const proved = await this.proved('a', turn.vault)
    const drafts = (['a', 'b'] as const).flatMap((medium) =>
      proved.map(({ vault, epoch, keyState, seal }): Draft => {
        const body = { vault, epoch, keyState, seal, medium, tokens: [...tokens] }
        return { type: 'share.sealed', body }
      }),
    )
    return { drafts }
  }

  /** Of both media after they were written; of an old share the one that will be used. */
  async test({ turn }: Heard): Promise<Played> {
    const from = turn.step.isMany === true ? (['a', 'b'] as const) : (['a'] as const)
    const drafts: Draft[] = []
    for (const medium of from) {
      for (const one of await this.proved(medium, turn.vault)) drafts.push(tested(one, medium))
    }
    return { drafts }
  }

  /** Of the epoch that this sitting is about, opened by the Token that is in. */
  async proved(medium: 'a' | 'b', vault: string | undefined): Promise<readonly ProvedSeal[]> {
    const { media, token, curve, desk, station, plan } = this.#needs
    const epoch = station.certifiedFor(plan.plan, vault) ?? station.epochOf(vault)
    const wanted = sharesOn(media[medium]).filter((one) => {
      return one.vault === vault && one.epoch === epoch
    })
    if (wanted.length === 0) {
      const which = epoch === undefined ? 'no key' : `no share of epoch ${epoch}`
      refuse('SEAL', `medium ${medium}: ${which} of ${vault}`, 'X-11')
    }
    const proved = await testShares(token.now, curve, wanted)
    desk.say(`  medium ${medium}: opens, share and public point agree`)
    return proved
  }

  /** Before a PIN is typed for it: whose token opens what, and in which ceremony. */
  announce(vault: VaultId): void {
    const { own, plan, station, desk } = this.#needs
    const what = `the share of ${vault}, epoch ${station.epochOf(vault)}, for one session`
    desk.say(`  ${labelOf(own)}: a token of ${own.custodian} opens ${what}`)
    desk.say(`  in ${screenFoot(plan)}`)
  }

  async testSpare(heard: Heard): Promise<Played> {
    const { token, desk, station, random, clock } = this.#needs
    if (token.now.which !== 'spare') {
      await desk.ask('spare-in', 'daily token out, spare token in; then Enter ')
      await token.again('spare')
    }
    this.#nameCopies()
    const proved = await this.proved('b', heard.turn.vault)
    const brought: JsonObject[] = []
    for (const one of proved) {
      // Said once for each epoch; at a drill it is in the log already.
      const { vault, epoch } = one
      const { rows, self } = station.own
      if (readSync(get(tables.backup, vault, epoch, self.node), rows) !== undefined) continue
      const fresh = { nonce: random(32), nowMs: clock.wallMs() }
      const { statement } = await spareProof(token.now, one, station.own.self.sign, fresh)
      brought.push(testedResult(statement))
    }
    return { drafts: proved.map((one) => tested(one, 'b')), brought }
  }

  /** Nothing of it is left in this process: neither the share nor the keys of its Seals. */
  rest(vault: string): void {
    const { station, media, way } = this.#needs
    station.rest(parseVaultId(vault))
    for (const one of sharesOn(media.a)) if (one.vault === vault) way.forget(one.bytes)
  }

  /** Before it sits down: neither a share nor the key of its Seal is open before its step. */
  async restAll(): Promise<void> {
    const { station, media, way } = this.#needs
    await station.restAll()
    for (const { bytes } of sharesOn(media.a)) way.forget(bytes)
  }

  /** The Token that is in gives the key of the Seal again. Held when this returns. */
  async wake(vault: VaultId): Promise<void> {
    const { station, media, way, token } = this.#needs
    const epoch = station.epochOf(vault)
    const wanted = sharesOn(media.a).filter((one) => one.vault === vault && one.epoch === epoch)
    for (const one of wanted) await token.now.learn(way, one)
    await station.wake(vault)
  }

  /**
   * For a key that is dealt anew: what this Station holds of it may have signed and been wiped
   * today. One without an old share still takes a new one, so what it cannot open is only said.
   */
  async wakeOld(vault: VaultId | undefined): Promise<void> {
    if (vault === undefined) return
    try {
      await this.wake(vault)
    } catch (error) {
      if (!(error instanceof Refused) || error.refusal.code !== 'SEAL') throw error
      this.#needs.desk.say(`  ${error.refusal.because}`)
    }
  }

  /**
   * The share goes first: it is gone also where the Token is not there. Then what the Token
   * remembers from here on, whose count is said.
   */
  async wipe({ turn }: Heard): Promise<Played> {
    const { own, desk } = this.#needs
    const vault = turn.vault ?? turn.request?.vault
    if (vault === undefined) return refuse('CEREMONY', 'a share is of a vault')
    this.rest(vault)
    desk.say('  wiped')
    desk.say(`  count of the token: ${await this.floor(vault, '')}`)
    return { drafts: [{ type: 'step.done', body: { confirmed: [own.custodian], noted: [] } }] }
  }

  /**
   * Of the epoch that the log has in force, and of a certified one only where this Station holds
   * none in force: a Token that remembers an epoch which never comes refuses the one that is.
   */
  async floor(vault: string, record: Digest | ''): Promise<number> {
    const { token, plan, media, station } = this.#needs
    const { org, env, origin } = plan.plan
    const about = floorAbout({ org, env, origin, vault })
    const floors = await token.now.hsm.floors()
    const last = floors.find((one) => one.about === about)
    const shares = sharesOn(media.a).filter((one) => one.vault === vault)
    const of = (wanted: number | undefined) => shares.find((one) => one.epoch === wanted)
    const share = of(station.epochOf(vault)) ?? of(station.certifiedFor(plan.plan, vault))
    if (share === undefined) return refuse('SEAL', `no share of ${vault}`, 'X-11')
    const { log: cold, main } = headsOf(this.#needs)
    if (last !== undefined) requireMain([last], this.#needs.bundle.main)
    const { epoch, seal } = share
    const heads = { cold, main: main ?? { size: 0, root: '' as const } }
    const next = nextFloor(last, { about, env, epoch, seal, record, ...heads })
    await token.now.hsm.keepFloor(next)
    return next.count
  }

  /** Medium A is the keystore's, which activates by the log; on B it is done here, and told. */
  #nameCopies(): void {
    const { station, media, desk } = this.#needs
    const medium = openMedium(media.b)
    for (const { vault, epoch } of readSync(below(tables.vault), station.own.rows)) {
      if (nameInForce(medium, { vault, epoch })) {
        desk.say(`  medium b: epoch ${epoch} of ${vault} is in force, and goes by its name`)
      }
    }
  }

  /** What is dead, the log says: its row of the key, not what lies on a card. */
  destroy({ turn }: Heard): Played {
    const { station, media, own } = this.#needs
    const drafts: Draft[] = []
    this.#nameCopies()
    for (const vault of new Set(sharesOn(media.a).map((one) => one.vault))) {
      if (turn.vault !== undefined && vault !== turn.vault) continue
      const row = readSync(get(tables.vault, vault), station.own.rows)
      if (row === undefined) continue
      for (const directory of [media.a, media.b]) {
        const gone = destroySeals(openMedium(directory), row)
        drafts.push(
          ...gone.map(({ epoch }) => {
            const number = `${labelOf(own)} ${vault} epoch ${epoch}`
            return { type: 'medium.destroyed', body: { kind: 'medium', method: 'wiped', number } }
          }),
        )
      }
    }
    return { drafts }
  }
}

interface Head {
  readonly size: number
  readonly root: Digest
}

/** Of the own copy of this log, and of the main log where the Bundle carries one. */
export function headsOf({ station, bundle }: Pick<ActsNeeds, 'station' | 'bundle'>): {
  readonly log: Head
  readonly main?: Head
} {
  const { copy } = station.own
  const size = copy.size()
  const root = copy.rootAt(size) ?? refuse('LOG_BEHIND', 'this log has no root')
  const log = { size, root: parseDigest(toHex(root)) }
  const { main } = bundle
  return { log, ...(main && { main: { size: main.size, root: main.root } }) }
}

/** The line that an import will write of it. */
function testedResult({ document, signature }: Signed): JsonObject {
  const said = backupKinds.tested.shape(parseText(document), 'statement')
  const { backup, epoch, keyState, node, proof, recovery, vault } = said
  const body = { backup, epoch, keyState, node, proof, recovery, vault }
  return { type: 'key.backup-tested', body: { ...body, signature: toHex(signature) } }
}

function tested({ vault, epoch, keyState, seal, token }: ProvedSeal, medium: 'a' | 'b'): Draft {
  const body = { vault, epoch, keyState, seal, medium, token: token.serial }
  return { type: 'seal.tested', body }
}
