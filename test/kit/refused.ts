// What a parser or check refused with, as "CODE" or "CODE rule"; "accepted" when it did not.
import { attempt, isRefusal, type Refusal } from '../../proto/refusal.ts'

export function refusedWith(work: () => unknown): string {
  const result = attempt(work)
  return isRefusal(result) ? show(result) : 'accepted'
}

export function show({ code, rule }: Refusal): string {
  return rule === undefined ? code : `${code} ${rule}`
}
