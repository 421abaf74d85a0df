import {Specimen} from '../base/specimens.ts';
import {Form} from './form.ts';
import type {HttpReply} from './reply.ts';

/** A request as a handler sees it. */
export interface HttpCall {
  method: string;
  /** With the query string. */
  url: string;
  /** Decoded parts of the path that the route names. */
  params: Readonly<Record<string, string>>;
  form: Form;
  body: Uint8Array;
  header(name: string): string | undefined;
  /** Aborts when the client is gone. */
  signal: AbortSignal;
  /** The client's address. */
  client: string;
}

export type HttpHandler = (call: HttpCall) => HttpReply | Promise<HttpReply>;

/** Nothing is kept of requests that say more. */
export const specimenLengthMax = 4096;

const formSpecimen = new Specimen();

const formType = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** The parameters in the address, and those of a body that is a form. */
export function formOf(url: string, contentType: string | undefined, body: Uint8Array): Form {
  const isForm = body.length > 0 && formType.test(contentType ?? '');
  const text = isForm ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString() : '';
  const form = Form.of(queryOf(url), text);
  if (url.length + text.length <= specimenLengthMax) formSpecimen.keep(form);
  return form;
}

function queryOf(url: string): string {
  const question = url.indexOf('?');
  return question < 0 ? '' : url.slice(question + 1);
}
