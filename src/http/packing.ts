// Answers as they are sent: compressed where that is worth it, with the headers that go with that.

import {compress, compressSizeMin, negotiateEncoding, type ContentEncoding} from './compression.ts';
import type {HttpReply} from './reply.ts';

/** What is sent of an answer besides its status. */
export interface Packed {
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
}

/** How the body is to be compressed: null where it is sent as it is. */
export function encodingOf(answer: HttpReply, accept: string | undefined): ContentEncoding | null {
  return isCompressible(answer) ? negotiateEncoding(accept) : null;
}

function isCompressible({compressed: already, body, contentType}: HttpReply): boolean {
  return already !== true && body.length >= compressSizeMin && compressibleType(contentType);
}

export function pack(answer: HttpReply): Packed {
  const {body} = answer;
  // Fastify would add a charset to the type of a string.
  return {headers: headersOf(answer), body: typeof body === 'string' ? Buffer.from(body) : body};
}

export async function compressed(answer: HttpReply, encoding: ContentEncoding): Promise<Packed> {
  const body = await compress(answer.body, encoding);
  return {headers: {...headersOf(answer), 'Content-Encoding': encoding}, body};
}

function headersOf(answer: HttpReply): Record<string, string> {
  const headers: Record<string, string> = {...answer.headers};
  if (answer.contentType !== '') headers['Content-Type'] = answer.contentType;
  if (isCompressible(answer)) {
    const known = headers['Vary'];
    headers['Vary'] = known === undefined ? 'Accept-Encoding' : `${known}, Accept-Encoding`;
  }
  return headers;
}

function compressibleType(contentType: string): boolean {
  return /^(?:application\/(?:json|openmetrics-text|yaml)|text\/)/.test(contentType);
}
