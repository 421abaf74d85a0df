// Which remote-write requests are taken, by their headers: those of version 1.0, packed with snappy. Headers that are left
// out mean just that.

const protobufType = 'application/x-protobuf';
const version1Message = 'prometheus.WriteRequest';
const version2Message = 'io.prometheus.write.v2.Request';

export interface WriteRefusal {
  status: number;
  message: string;
}

/** Null where the body may be read. */
export function checkWriteHeaders(
  contentType: string | undefined,
  contentEncoding: string | undefined,
): WriteRefusal | null {
  const encoding = contentEncoding ?? '';
  if (encoding !== '' && encoding !== 'snappy') {
    return {
      status: 415,
      message: `${encoding} encoding (compression) is not accepted by this server; only snappy is acceptable`,
    };
  }
  const {message, error} = parseContentType(contentType ?? '');
  if (error !== '') return {status: 415, message: error};
  if (message !== version1Message) {
    return {
      status: 415,
      message: `${message} protobuf message is not accepted by this server; only accepts ${version1Message}`,
    };
  }
  return null;
}

function parseContentType(contentType: string): {message: string; error: string} {
  if (contentType.trim() === '') return {message: version1Message, error: ''};
  const [type = '', ...parameters] = contentType.trim().split(';');
  if (type !== protobufType) {
    const error = `expected ${protobufType} as the first (media) part, got ${contentType} content-type`;
    return {message: '', error};
  }
  for (const parameter of parameters) {
    const [name = '', value, ...rest] = parameter.trim().split('=');
    if (value === undefined || rest.length > 0) {
      return {
        message: '',
        error: `as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, got ${parameter} in ${contentType} content-type`,
      };
    }
    if (name.trim() !== 'proto') continue;
    if (value !== version1Message && value !== version2Message) {
      const known = `${version1Message}, ${version2Message}`;
      return {
        message: '',
        error: `got ${contentType} content type; unknown type for remote write protobuf message ${value}, supported: ${known}`,
      };
    }
    return {message: value, error: ''};
  }
  return {message: version1Message, error: ''};
}
