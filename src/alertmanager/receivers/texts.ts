// What templates make of a notification, for the fields of a message.
import type {NotificationTemplates, TemplateData} from '../../template/alertmanager.ts';
import {NotifyError} from '../integration.ts';

/**
 * Renders the fields of one message. After the first template that fails all texts are empty, so that a message is composed
 * without a check at each field, and `check()` at its end says what was wrong.
 */
export class Texts {
  readonly data: TemplateData;
  readonly #templates: NotificationTemplates;
  #error: Error | null = null;

  constructor(templates: NotificationTemplates, data: TemplateData) {
    this.#templates = templates;
    this.data = data;
  }

  /** The first failure. */
  get error(): Error | null {
    return this.#error;
  }

  readonly text = (template: string): string =>
    // Fast path: most fields are empty or plain.
    template.includes('{{')
      ? this.#render(template, (each) => this.#templates.renderText(each, this.data))
      : this.#error === null
        ? template
        : '';

  readonly html = (template: string): string =>
    this.#render(template, (each) => this.#templates.renderHtml(each, this.data));

  /** Throws NotifyError, which is not retried: the template would fail again. */
  check(prefix = ''): void {
    if (this.#error !== null)
      throw new NotifyError(prefix + this.#error.message, {retry: false, cause: this.#error});
  }

  #render(template: string, render: (template: string) => string): string {
    if (this.#error !== null) return '';
    try {
      return render(template);
    } catch (error) {
      this.#error = error as Error;
      return '';
    }
  }
}
