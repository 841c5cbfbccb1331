// Original file: custody/v1/node_link.proto

import type { Document as _custody_v1_Document, Document__Output as _custody_v1_Document__Output } from '../../custody/v1/Document.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * A page of the log. Documents that change the fold travel with it.
 */
export interface Lines {
  'origin'?: (string);
  'from'?: (number | string | Long);
  'lines'?: (Buffer | Uint8Array | string)[];
  'documents'?: (_custody_v1_Document)[];
  /**
   * Log-signed checkpoint over the last of these lines.
   */
  'checkpoint'?: (Buffer | Uint8Array | string);
  /**
   * Cosigned heads the coordinator kept.
   */
  'heads'?: (Buffer | Uint8Array | string)[];
}

/**
 * A page of the log. Documents that change the fold travel with it.
 */
export interface Lines__Output {
  'origin': (string);
  'from': (number);
  'lines': (Buffer)[];
  'documents': (_custody_v1_Document__Output)[];
  /**
   * Log-signed checkpoint over the last of these lines.
   */
  'checkpoint': (Buffer);
  /**
   * Cosigned heads the coordinator kept.
   */
  'heads': (Buffer)[];
}
