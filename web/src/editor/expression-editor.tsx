// The PromQL editor: CodeMirror with Prometheus's language package, which completes from the server's own metrics and
// labels. Loaded apart from the page, since it is the largest part of it.
import './editor.css';
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
  startCompletion,
} from '@codemirror/autocomplete';
import {
  defaultKeymap,
  history as undoHistory,
  historyKeymap,
  insertNewlineAndIndent,
} from '@codemirror/commands';
import {bracketMatching, indentOnInput, syntaxHighlighting} from '@codemirror/language';
import {lintKeymap} from '@codemirror/lint';
import {Compartment, EditorState, Prec} from '@codemirror/state';
import {drawSelection, EditorView, keymap, placeholder} from '@codemirror/view';
import {PromQLExtension} from '@prometheus-io/codemirror-promql';
import {useEffect, useImperativeHandle, useRef, type ReactNode, type Ref} from 'react';
import {basePath} from '../api/client.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {history} from '../query/history.ts';
import {promqlColors} from './highlight.ts';
import {HistoryCompletion} from './history-completion.ts';

export interface EditorHandle {
  /** Puts a text where the cursor is, or in place of what is selected. */
  insert(text: string): void;
}

interface ExpressionEditorProps {
  ref: Ref<EditorHandle>;
  value: string;
  onChange: (value: string) => void;
  onRun: (value: string) => void;
}

export function ExpressionEditor({ref, value, onChange, onRun}: ExpressionEditorProps): ReactNode {
  const {t} = useMessages();
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const words = useRef(new Compartment());
  const latest = useRef({value, onChange, onRun, t});
  useEffect(() => {
    latest.current = {value, onChange, onRun, t};
  });

  useEffect(() => {
    const promql = promqlExtension(() => latest.current.t('history.completion'));
    const made = new EditorView({
      parent: parent.current!,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          runKeys((text) => latest.current.onRun(text)),
          editing,
          promql.asExtension(),
          words.current.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      view.current = null;
      promql.destroy();
      made.destroy();
    };
  }, []);

  useEffect(() => {
    const label = {'aria-label': t('query.expression')};
    const effect = words.current.reconfigure([
      placeholder(t('query.placeholder')),
      EditorView.contentAttributes.of(label),
    ]);
    view.current?.dispatch({effects: effect});
  }, [t]);

  useEffect(() => {
    const current = view.current;
    if (current === null || current.state.doc.toString() === value) return;
    const end = {anchor: value.length};
    current.dispatch({changes: {from: 0, to: current.state.doc.length, insert: value}, selection: end});
  }, [value]);

  useImperativeHandle(ref, () => ({
    insert(text) {
      const current = view.current;
      if (current === null) return;
      current.dispatch(current.state.replaceSelection(text));
      current.focus();
    },
  }));
  return <div className="nx-editor" ref={parent} />;
}

const editing = [
  undoHistory(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  autocompletion({maxRenderedOptions: 100}),
  syntaxHighlighting(promqlColors),
  EditorView.lineWrapping,
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
];

/** Enter runs, or takes the completion that is open; Shift+Enter starts a line. Tab stays for leaving the field. */
function runKeys(onRun: (text: string) => void) {
  const run = (view: EditorView): boolean => {
    onRun(view.state.doc.toString());
    return true;
  };
  return Prec.highest(
    keymap.of([
      {key: 'Enter', run: (view) => acceptCompletion(view) || run(view)},
      {key: 'Mod-Enter', run},
      {key: 'Shift-Enter', run: insertNewlineAndIndent},
      {key: 'Tab', run: (view) => completionStatus(view.state) === 'active' && acceptCompletion(view)},
      {key: 'Alt-ArrowDown', run: startCompletion},
    ]),
  );
}

/** Metric names of the last hours are offered first; asking a large server for all of time takes long. */
const lookbackMs = 12 * 3_600_000;
/** Above this many metrics their descriptions are not fetched for the completion. */
const metadataMax = 10_000;

function promqlExtension(historyTitle: () => string): PromQLExtension {
  const remote = {url: basePath, httpMethod: 'GET' as const, lookbackInterval: lookbackMs};
  const promql = new PromQLExtension().setComplete({remote, maxMetricsMetadata: metadataMax});
  const withHistory = new HistoryCompletion(promql.getComplete(), history.get, historyTitle);
  return promql.setComplete({completeStrategy: withHistory});
}
