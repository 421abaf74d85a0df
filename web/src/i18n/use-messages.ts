// The reader's language and its messages, for components.
import {createContext, use} from 'react';
import type {SpanUnits} from '../format/span.ts';
import {oneOf, Preference} from '../base/preference.ts';
import {languages, pickLanguage, type Language} from './language.ts';
import {formatMessage, type MessageValues} from './message.ts';
import {en, type MessageKey} from './messages.en.ts';
import {ja} from './messages.ja.ts';

const catalogues: Record<Language, Readonly<Record<MessageKey, string>>> = {en, ja};

/** What the user switched to; before that, what the browser asks for. */
export const chosenLanguage = new Preference<Language | ''>('language', '', oneOf([...languages, '']));

export function languageOf(chosen: Language | ''): Language {
  return chosen === '' ? pickLanguage(navigator.languages) : chosen;
}

/** Writes a message in the reader's language. The compiler knows which values it needs. */
export type Translate = <Key extends MessageKey>(
  key: Key,
  ...values: MessageValues<(typeof en)[Key]>
) => string;

export interface Messages {
  language: Language;
  t: Translate;
  span: SpanUnits;
}

export function messagesIn(language: Language): Messages {
  const catalogue = catalogues[language];
  const t: Translate = (key, ...[values]) => formatMessage(catalogue[key], values ?? {}, language);
  const span: SpanUnits = {
    day: t('span.day'),
    hour: t('span.hour'),
    minute: t('span.minute'),
    second: t('span.second'),
    millisecond: t('span.millisecond'),
    microsecond: t('span.microsecond'),
    between: t('span.between'),
  };
  return {language, t, span};
}

export const MessagesContext = createContext<Messages>(messagesIn('en'));

export function useMessages(): Messages {
  return use(MessagesContext);
}
