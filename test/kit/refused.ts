// What a parser or check refused with, as "CODE" or "CODE rule"; "accepted" when it did not.
import { attempt, isRefusal, type Refusal, Refused } from '../../proto/refusal.ts'

export function refusedWith(work: () => unknown): string {
  const result = attempt(work)
  return isRefusal(result) ? show(result) : 'accepted'
}

export function show({ code, rule }: Refusal): string {
  return rule === undefined ? code : `${code} ${rule}`
}

/** What a promise was refused with, as "CODE: because"; "accepted" when it was not. */
export async function refusal(trying: Promise<unknown>): Promise<string> {
  try {
    await trying
    return 'accepted'
  } catch (error) {
    if (error instanceof Refused) return `${error.refusal.code}: ${error.refusal.because}`
    throw error
  }
}
