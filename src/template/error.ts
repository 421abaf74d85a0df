/** A template that cannot be read, escaped or executed. The message is Go's: `template: name:1:2: executing "name" at <.x>: …`. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** Thrown by what may not go on, whatever called it: a limit that was reached inside a function. */
export class TemplateLimitError extends RangeError {
  override readonly name = 'TemplateLimitError';
}
