// Tokens of receivers that are sent as `Authorization: Bearer`.
import {section} from '../../model/fields.ts';
import {httpClientShape, type HttpClientFields} from '../../http/client-config.ts';
import type {HttpConfigFields} from '../global.ts';

const noFields = section(() => httpClientShape).parse({kind: 'mapping', entries: [], offset: 0});

/** An http_config with the token besides what it says. */
export function withBearer(fields: HttpConfigFields, token: string, tokenFile: string): HttpClientFields {
  const authorization = {
    type: 'Bearer',
    credentials: token,
    credentials_file: tokenFile,
    credentials_ref: undefined,
  };
  return {...(fields ?? noFields), authorization};
}
