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

/** What came of the headers of the last answers, by whether they could have been compressed: handlers have constants for most of theirs. */
const last = [false, true].map((compressible) => ({
  compressible,
  given: undefined as HttpReply['headers'],
  contentType: '',
  headers: {} as Readonly<Record<string, string>>,
}));

function headersOf(answer: HttpReply): Readonly<Record<string, string>> {
  const {headers: given, contentType} = answer;
  const known = last[Number(isCompressible(answer))]!;
  if (given === undefined || given !== known.given || contentType !== known.contentType) {
    known.given = given;
    known.contentType = contentType;
    known.headers = allHeaders(answer, known.compressible);
  }
  return known.headers;
}

function allHeaders({headers: given, contentType}: HttpReply, compressible: boolean): Record<string, string> {
  const headers: Record<string, string> = {...given};
  if (contentType !== '') headers['Content-Type'] = contentType;
  if (compressible) {
    const known = headers['Vary'];
    headers['Vary'] = known === undefined ? 'Accept-Encoding' : `${known}, Accept-Encoding`;
  }
  return headers;
}

function compressibleType(contentType: string): boolean {
  // The usual case first.
  return (
    contentType === 'application/json' ||
    /^(?:application\/(?:json|openmetrics-text|yaml)|text\/)/.test(contentType)
  );
}
