use candle::{DType, Device, Var};

use super::*;
use crate::check::{agrees, gradients, normals};

/// Batch, queries, keys, heads, groups, size, width; whether causal.
const CASES: [([usize; 7], bool); 7] = [
    ([2, 5, 7, 1, 1, 3, 3], false),
    ([3, 6, 6, 4, 2, 5, 3], true),
    ([2, 3, 9, 4, 1, 4, 4], true),
    ([1, 1, 1, 2, 2, 1, 1], false),
    ([2, 5, 3, 2, 2, 4, 2], true),
    ([1, 70, 70, 2, 2, 8, 8], true),
    ([1, 66, 600, 2, 1, 4, 8], false),
];

fn inputs([batch, queries, keys, heads, groups, size, width]: [usize; 7]) -> Result<[Tensor; 3]> {
    Ok([
        normals("q", &[batch, queries, heads * size])?.affine(2.0, 0.0)?,
        normals("k", &[batch, keys, groups * size])?,
        normals("v", &[batch, keys, groups * width])?,
    ])
}

fn slow(x: &[Tensor], options: &Attention<'_>) -> Result<Tensor> {
    let sizes = Sizes::new(&x[0], &x[1], &x[2], options)?;
    reference::reference(&x[0], &x[1], &x[2], options, &sizes)
}

#[test]
fn blocks_agree_with_the_whole_table_of_scores() -> Result<()> {
    for (case, causal) in CASES {
        let options = Attention { causal, ..Attention::full(case[3], case[5]) };
        let fast = |x: &[Tensor]| attention(&x[0], &x[1], &x[2], &options);
        agrees(fast, |x| slow(x, &options), &inputs(case)?, 1e-5)?;
    }
    Ok(())
}

#[test]
fn a_bias_of_any_width_agrees_and_minus_infinity_hides_a_key() -> Result<()> {
    let case = [2, 5, 7, 4, 2, 3, 3];
    for dims in [[1, 1, 1, 7], [2, 1, 1, 7], [1, 4, 5, 7], [2, 4, 5, 7]] {
        let bias = normals("bias", &dims)?;
        let hidden = bias.gt(1.0)?.where_cond(&bias.affine(0.0, f64::NEG_INFINITY)?, &bias)?;
        // No query of the first item sees any key.
        let first = Tensor::full(f32::NEG_INFINITY, (1, dims[1], dims[2], 7), &Device::Cpu)?;
        let first = Tensor::cat(&[&first, &hidden.narrow(0, 0, dims[0] - 1)?], 0)?;
        for bias in [&bias, &hidden, &first] {
            let options = Attention { bias: Some(bias), ..Attention::causal(4, 3) };
            let fast = |x: &[Tensor]| attention(&x[0], &x[1], &x[2], &options);
            agrees(fast, |x| slow(x, &options), &inputs(case)?, 1e-5)?;
        }
        let options = Attention { bias: Some(&first), ..Attention::full(4, 3) };
        let [q, k, v] = inputs(case)?;
        let blind = attention(&q, &k, &v, &options)?.get(0)?;
        assert_eq!(blind.abs()?.max_all()?.to_scalar::<f32>()?, 0.0);
    }
    Ok(())
}

#[test]
fn a_bias_that_learns_gets_its_gradient() -> Result<()> {
    let [q, k, v] = inputs([2, 3, 4, 2, 1, 3, 3])?;
    gradients(3e-3, &[q, k, v, normals("bias", &[1, 2, 3, 4])?], |x| {
        let options = Attention { bias: Some(&x[3]), ..Attention::full(2, 3) };
        attention(&x[0], &x[1], &x[2], &options)
    })
}

#[test]
fn the_reference_has_the_gradient_of_its_differences() -> Result<()> {
    for (case, causal) in &CASES[..5] {
        let doubles: Vec<_> =
            inputs(*case)?.iter().map(|x| x.to_dtype(DType::F64)).collect::<Result<_>>()?;
        let options = Attention { causal: *causal, ..Attention::full(case[3], case[5]) };
        gradients(1e-8, &doubles, |x| attention(&x[0], &x[1], &x[2], &options))?;
    }
    Ok(())
}

#[test]
fn word_by_word_a_text_has_the_bits_that_it_has_at_once() -> Result<()> {
    let [q, k, v] = inputs([2, 530, 530, 4, 2, 8, 8])?;
    let options = Attention::causal(4, 8);
    let whole = attention(&q, &k, &v, &options)?;
    for (start, count) in [(0, 1), (19, 1), (63, 2), (512, 1), (529, 1), (100, 70)] {
        let [k, v] = [&k, &v].map(|x| x.narrow(1, 0, start + count));
        let alone = attention(&q.narrow(1, start, count)?, &k?, &v?, &options)?;
        let there = whole.narrow(1, start, count)?;
        assert_eq!(
            alone.flatten_all()?.to_vec1::<f32>()?,
            there.flatten_all()?.to_vec1::<f32>()?,
            "queries {start}+{count}"
        );
    }
    Ok(())
}

#[test]
fn a_query_far_from_all_keys_but_one_gets_its_value() -> Result<()> {
    let value = |values: &[f32], dims: &[usize]| Tensor::from_slice(values, dims, &Device::Cpu);
    let (q, k) = (value(&[100.0], &[1, 1, 1])?, value(&[-9.0, 9.0, 0.0], &[1, 3, 1])?);
    let v = value(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1, 3, 2])?;
    let y = attention(&q, &k, &v, &Attention::full(1, 1))?;
    assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [3.0, 4.0]);
    // Equal scores: the mean of what is seen.
    let y = attention(&q.zeros_like()?, &k, &v, &Attention::full(1, 1))?;
    assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [3.0, 4.0]);
    Ok(())
}

#[test]
fn a_second_pass_is_refused_and_not_silently_zero() -> Result<()> {
    let [q, k, v] = inputs([1, 3, 4, 2, 1, 3, 3])?;
    let q = Var::from_tensor(&q)?;
    let y = attention(&q, &k, &v, &Attention::full(2, 3))?;
    let store = crate::backward_with_graph(&y.sum_all()?)?;
    let again = store.get(&q).expect("tracked").sqr()?.sum_all()?.backward();
    assert!(again.expect_err("once").to_string().contains("the gradient of attention"));
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused_by_name() -> Result<()> {
    let [q, k, v] = inputs([2, 5, 7, 4, 2, 3, 3])?;
    let heads = attention(&q, &k, &v, &Attention::full(5, 3)).expect_err("12 is not 5 · 3");
    assert!(heads.to_string().contains("q [2, 5, 12]"), "{heads}");
    let bias = normals("bias", &[3, 1, 1, 7])?;
    let options = Attention { bias: Some(&bias), ..Attention::full(4, 3) };
    let error = attention(&q, &k, &v, &options).expect_err("a batch of 2");
    assert!(error.to_string().contains("[3, 1, 1, 7]"), "{error}");
    assert!(attention(&q, &k, &v.narrow(1, 0, 6)?, &Attention::full(4, 3)).is_err());
    Ok(())
}
