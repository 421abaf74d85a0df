// Strings that need no escaping where they are what they say: html/template's content types.
import {named, stringType} from '../type.ts';

export const htmlType = named('template.HTML', stringType);
export const htmlAttrType = named('template.HTMLAttr', stringType);
export const urlType = named('template.URL', stringType);
export const cssType = named('template.CSS', stringType);
export const jsType = named('template.JS', stringType);
export const jsStrType = named('template.JSStr', stringType);
export const srcsetType = named('template.Srcset', stringType);
