// Adds what was run before to the completions, while the cursor is at the end of what may become the same expression.
import type {Completion, CompletionContext, CompletionResult} from '@codemirror/autocomplete';
import type {CompleteStrategy} from '@prometheus-io/codemirror-promql';

const entriesShown = 8;

export class HistoryCompletion implements CompleteStrategy {
  readonly #inner: CompleteStrategy;
  readonly #entries: () => readonly string[];
  readonly #title: () => string;

  constructor(inner: CompleteStrategy, entries: () => readonly string[], title: () => string) {
    this.#inner = inner;
    this.#entries = entries;
    this.#title = title;
  }

  async promQL(context: CompletionContext): Promise<CompletionResult | null> {
    const result = await this.#inner.promQL(context);
    const text = context.state.doc.toString();
    const typed = text.slice(0, context.pos);
    const atEnd = context.pos === text.length && result !== null && text !== '';
    if (!atEnd) return result;
    const options = this.#entries()
      .filter((entry) => entry.startsWith(typed) && entry !== text)
      .slice(0, entriesShown)
      .map((entry): Completion => this.#option(entry, typed.slice(result.from)));
    return options.length === 0 ? result : {...result, options: [...options, ...result.options]};
  }

  destroy(): void {
    this.#inner.destroy?.();
  }

  /** The menu matches against the word that is typed, so that word leads; what is inserted is the whole expression. */
  #option(entry: string, word: string): Completion {
    return {
      label: entry.includes(word) ? entry : `${word} ${entry}`,
      displayLabel: entry,
      detail: this.#title(),
      type: 'history',
      boost: 99,
      apply: (view) => {
        const changes = {from: 0, to: view.state.doc.length, insert: entry};
        view.dispatch({changes, selection: {anchor: entry.length}});
      },
    };
  }
}
