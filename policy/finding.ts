// Finding: one thing that the analyser says of a policy. An error refuses the load; a warning or a
// note is for its author to read.

export type Check =
  | 'numbers'
  | 'decimals'
  | 'root'
  | 'guard'
  | 'overlap'
  | 'dead rule'
  | 'dead limit'
  | 'gap'
  | 'higher needs less'
  | 'quorum'
  | 'fragile quorum'
  | 'one person'
  | 'directory'
  | 'no aggregate limit'
  | 'two origins'
  | 'ceiling'
  | 'gives away'
  | 'free words'
  | 'no way'

export interface Finding {
  readonly severity: 'error' | 'warning' | 'note'
  readonly check: Check
  /** Field, rule or limit. */
  readonly where: string
  readonly because: string
}

export function error(check: Check, where: string, because: string): Finding {
  return { severity: 'error', check, where, because }
}

export function warning(check: Check, where: string, because: string): Finding {
  return { severity: 'warning', check, where, because }
}

export function note(check: Check, where: string, because: string): Finding {
  return { severity: 'note', check, where, because }
}
