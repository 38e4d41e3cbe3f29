"""From a torch student to a packed bundle: conversion, quantization, the parity gate, packing."""
