// The one macro that marks what the shared library shows; everything else stays hidden.
#pragma once

#if defined(_WIN32) && defined(WEBAI_SHARED)
#if defined(WEBAI_BUILDING)
#define WEBAI_EXPORT __declspec(dllexport)
#else
#define WEBAI_EXPORT __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define WEBAI_EXPORT __attribute__((visibility("default")))
#else
#define WEBAI_EXPORT
#endif
