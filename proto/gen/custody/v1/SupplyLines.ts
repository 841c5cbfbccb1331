// Original file: custody/v1/node_link.proto

import type { Lines as _custody_v1_Lines, Lines__Output as _custody_v1_Lines__Output } from '../../custody/v1/Lines.ts';

export interface SupplyLines {
  'lines'?: (_custody_v1_Lines | null);
}

export interface SupplyLines__Output {
  'lines': (_custody_v1_Lines__Output | null);
}
